/**
 * What `onError` of a verifier hears where a key set has keys that are none for tokens, such as those of a web login:
 * they were passed over, and the others are in use. Nothing needs to be done unless one of them was meant for tokens.
 */
export class SkippedKeysError extends Error {
  override readonly name = "SkippedKeysError";
  /** Which keys, and why: at most 4, then how many more. */
  readonly skipped: readonly string[];

  /** @internal */
  constructor(skipped: readonly string[]) {
    super(`keys that are none for tokens were skipped: ${skipped.join("; ")}`);
    this.skipped = skipped;
  }
}
