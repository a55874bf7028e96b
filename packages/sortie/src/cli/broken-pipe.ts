/** What is needed of process.stdout. */
export interface FailingStream {
  on(name: "error", listener: (error: NodeJS.ErrnoException) => void): unknown;
}

/** As a shell tells of a program that SIGPIPE ended: 128 and its number. */
const BROKEN_PIPE_STATUS = 141;

/**
 * Ends the process when nobody reads a stream any more, as `head` does once it has enough: quietly, and at once. Any
 * other failure, such as a full disk, is told first.
 */
export function endWithReaders(
  streams: readonly FailingStream[],
  exit: (status: number) => void = (status) => process.exit(status),
): void {
  for (const stream of streams) {
    stream.on("error", ({ code, message }) => {
      if (code === "EPIPE") return exit(BROKEN_PIPE_STATUS);
      console.error(`sortie: the output could not be written: ${message}`);
      exit(1);
    });
  }
}
