// Output of a script that has more to do than to print.

/** The script goes on, silently, when nobody reads its output any more, as `head` does not once it has enough. */
export function outliveReaders() {
  // Without a listener the first write after that would end the process.
  for (const stream of [process.stdout, process.stderr]) stream.on("error", () => undefined);
}
