/**
 * @internal For what is refused where it turns out to be a promise, as an `await` that was forgotten leaves it: should
 * it reject later, that would end the process, though the mistake was told already. Anything else is left alone, even
 * what has a `then`: to call that of a lazy query would run it.
 */
export function containRejection(value: unknown): void {
  if (!isPromise(value)) return;
  try {
    // Not by its own `then`, which may be that of a lazy query as well.
    void Promise.prototype.then.call(value, undefined, () => undefined);
  } catch {
    // It has the tag of a promise alone, or makes no others like itself.
  }
}

/** Of another realm too. */
function isPromise(value: unknown): value is Promise<unknown> {
  return value instanceof Promise || Object.prototype.toString.call(value) === "[object Promise]";
}
