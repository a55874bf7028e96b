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

export interface ReloadOptions {
  readonly logger: Logger;
  /** Whether others listen to the signal and have something to do. */
  readonly others: boolean;
  /** Of the program's end: what is loaded then is of no use, and what is given up is no error. */
  readonly ended: AbortSignal;
}

/**
 * Reads all of them again on each SIGHUP; what fails is logged and stays as it was. None waits for another one. Signals
 * that come while one is read are as one: it is read once more.
 */
export function reloadOnHangUp(hangUps: HangUps, parts: readonly Reloadable[], options: ReloadOptions): void {
  const { logger, others, ended } = options;
  const reload = async ({ what, source, reload }: Reloadable): Promise<void> => {
    if (ended.aborted) return;
    try {
      logger.info({ source, ...(await reload()) }, `SIGHUP: ${what} were loaded again`);
    } catch (error) {
      if (!ended.aborted) logger.error({ source, err: error }, `SIGHUP: ${what} stay as they were`);
    }
  };
  const rounds = parts.map((part) => oneAtATime(() => reload(part)));
  hangUps.handle(() => {
    if (parts.length === 0 && !others) logger.warn({}, "SIGHUP: there is nothing to load again");
    for (const ask of rounds) ask();
  });
}

/** Calls `work`, which never rejects, for what was asked before it began. */
function oneAtATime(work: () => Promise<void>): () => void {
  let isBusy = false;
  let isAsked = false;
  const run = async (): Promise<void> => {
    isBusy = true;
    while (isAsked) {
      isAsked = false;
      await work();
    }
    isBusy = false;
  };
  return () => {
    isAsked = true;
    if (!isBusy) void run();
  };
}
