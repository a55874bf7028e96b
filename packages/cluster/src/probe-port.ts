import { createUdpTransport } from "sortie";
import type { DatagramReceiver } from "@sortie/transport";

const NOBODY: DatagramReceiver = {
  onDatagram: () => undefined,
  onBatchEnd: () => undefined,
  onError: () => undefined,
  onWritable: () => undefined,
};

/**
 * Takes a port alone for a moment, and resolves with its number: with SO_REUSEPORT a second server of the same user
 * would get half of the first one's datagrams, and nobody would notice. Rejects with TransportError.
 */
export async function probePort(host: string | undefined, port: number): Promise<number> {
  const transport = createUdpTransport({ port, ...(host === undefined ? {} : { host }) });
  const address = await transport.open(NOBODY);
  await transport.close();
  return address.port;
}
