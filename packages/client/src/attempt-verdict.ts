import type { HandshakeDrop } from "@sortie/handshake";
import { heldUpText } from "./attempt-deadline.js";
import type { ClientCoreOptions } from "./client-core-options.js";
import { type ConnectError, errorOfIdentity, errorOfTimeout } from "./connect-error.js";
import type { HelloSender } from "./hello-sender.js";

/** SERVER_HELLOs that were refused; one of another identity has an error of its own. */
const REFUSALS: Partial<Record<HandshakeDrop, string>> = {
  "suite-not-offered": "it names a cipher suite that was not offered",
  "bad-parameters": "its transport parameters are out of range",
  "unsupported-identity": 'it shows an identity of another kind than "serverKey" or "trust" can check',
  "bad-signature": "its signature does not fit",
  "bad-key-share": "its key share is no point on the curve",
};

/**
 * What an attempt to connect heard, and what it fails with when its time is up. All but the keys was said by nobody
 * knows whom: it decides of the words, and of no more than that.
 */
export class AttemptVerdict {
  /** What the transport failed with last, since the server was heard. */
  transportFault: unknown = undefined;
  /** A REJECT that may have been for a hello that was damaged on its way, until a second one says so too. */
  doubtfulReject: ConnectError | undefined = undefined;
  /** A server answered under another key than the one that is trusted. */
  sawOtherIdentity = false;
  /** Why the certificate of that server is not believed; undefined where a key is pinned. */
  private mismatchDetail: string | undefined = undefined;
  private wasAskedToRetry = false;
  private refusedHellos = 0;
  private refusal = "";

  /** The server asked for the hello again, with a cookie. */
  onRetry(): void {
    this.wasAskedToRetry = true;
  }

  /** A datagram from the server's address was passed over. */
  onIgnored(reason: HandshakeDrop): void {
    const refusal = REFUSALS[reason];
    if (refusal === undefined) return;
    this.refusedHellos += 1;
    this.refusal = refusal;
  }

  onOtherIdentity(detail: string | undefined): void {
    this.sawOtherIdentity = true;
    this.mismatchDetail = detail;
  }

  /** The true server is found: what somebody else said before no longer counts, nor what failed on the way to it. */
  onKeys(): void {
    this.transportFault = undefined;
    this.sawOtherIdentity = false;
    this.mismatchDetail = undefined;
    this.wasAskedToRetry = false;
    this.refusedHellos = 0;
    this.refusal = "";
  }

  /**
   * @param isAnswered keys were agreed on
   * @param heldUpMs ms for which nobody had looked
   */
  errorAtDeadline(
    { target, timeoutMs, isPolled = false }: Pick<ClientCoreOptions, "target" | "timeoutMs" | "isPolled">,
    isAnswered: boolean,
    hello: HelloSender,
    heldUpMs: number,
  ): ConnectError {
    if (!isAnswered) {
      if (this.sawOtherIdentity) return errorOfIdentity(target, this.mismatchDetail);
      if (this.doubtfulReject !== undefined) return this.doubtfulReject;
    }
    return errorOfTimeout(target, timeoutMs, this.transportFault, {
      isAnswered,
      wasAskedToRetry: this.wasAskedToRetry,
      refusedHellos: this.refusedHellos,
      refusal: this.refusal,
      strayFrom: hello.strayFrom,
      isRefused: hello.isRefused,
      isUnsent: hello.isUnsent,
      heldUp: heldUpText(heldUpMs, isPolled),
    });
  }
}
