import type { ServerMetrics } from "../server-metrics.js";
import { type Reply, text } from "./http-reply.js";
import type { MetricsListenerOptions } from "./listener-options.js";

/** ms that the application's `ready` has: most probes give up sooner, and a connection must not wait for ever. */
const READY_TIMEOUT_MS = 5_000;

/** What /readyz answers: whether new players may be sent here. */
export class Readiness {
  readonly #metrics: ServerMetrics;
  readonly #ready: MetricsListenerOptions["ready"];
  /** The last `ready` failed, and that was told: probes come every few seconds. */
  #isTold = false;

  constructor(metrics: ServerMetrics, ready: MetricsListenerOptions["ready"]) {
    this.#metrics = metrics;
    this.#ready = ready;
  }

  async reply(): Promise<Reply> {
    const { server } = this.#metrics;
    if (server.stats.draining) return text("draining\n", 503);
    const isReady = server.address !== undefined && (await this.#ask());
    return isReady ? text("ready\n") : text("not ready\n", 503);
  }

  async #ask(): Promise<boolean> {
    if (this.#ready === undefined) return true;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      const error = new Error(`"ready" expected to answer within ${READY_TIMEOUT_MS} ms, got nothing`);
      timer = setTimeout(() => reject(error), READY_TIMEOUT_MS);
      timer.unref();
    });
    try {
      const isReady: unknown = await Promise.race([this.#ready(), late]);
      this.#isTold = false;
      return isReady === true;
    } catch (error) {
      if (!this.#isTold) this.#metrics.reportError(error);
      this.#isTold = true;
      return false;
    } finally {
      clearTimeout(timer);
    }
  }
}
