import type { Logger } from "sortie";
import type { HangUps } from "./hang-ups.js";

/** Something that is read again on SIGHUP. */
export interface Reloadable {
  /** What it is, for the log: "the keys for tokens". */
  readonly what: string;
  readonly source: string;
  /** Resolves with what the log should have. Rejects with Error, and has changed nothing then. */
  readonly reload: () => Promise<object | void>;
}

/**
 * Reads all of them again on each SIGHUP, one signal after the other; what fails is logged and stays as it was.
 * @param others whether others listen to the signal and have something to do
 */
export function reloadOnHangUp(
  hangUps: HangUps,
  parts: readonly Reloadable[],
  { logger, others }: { readonly logger: Logger; readonly others: boolean },
): void {
  const reload = async ({ what, source, reload }: Reloadable): Promise<void> => {
    try {
      logger.info({ source, ...(await reload()) }, `SIGHUP: ${what} were loaded again`);
    } catch (error) {
      logger.error({ source, err: error }, `SIGHUP: ${what} stay as they were`);
    }
  };
  let last: Promise<unknown> = Promise.resolve();
  hangUps.handle(() => {
    if (parts.length === 0 && !others) logger.warn({}, "SIGHUP: there is nothing to load again");
    last = last.then(() => Promise.all(parts.map(reload)));
  });
}
