/**
 * @internal For what is refused where it turns out to be a promise, as an `await` that was forgotten leaves it: should
 * it reject later, that would end the process, though the mistake was told already. Anything else is left alone, even
 * what has a `then`: to call that of a lazy query would run it.
 */
export function containRejection(value: unknown): void {
  if (isPromise(value)) Promise.resolve(value).catch(() => undefined);
}

/** Of another realm too. */
function isPromise(value: unknown): boolean {
  return value instanceof Promise || Object.prototype.toString.call(value) === "[object Promise]";
}
