import { checkSend, refusedReceipt, type SendOptions, type SendReceipt } from "@sortie/reliability";

/**
 * What `send` gives where there is no connection that takes the message. Throws as a connection would: a mistake is to
 * show at once, and not only where the client happens to be connected.
 */
export function closedReceipt(payload: Uint8Array, options: SendOptions | undefined): SendReceipt {
  checkSend(payload, options);
  return refusedReceipt("closed");
}
