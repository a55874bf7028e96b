/**
 * ms that workers may differ: each loads a new key in its own time, and `reloadIdentityOnSignal` reads for up to 10 s.
 * Clients that pin one of both keys are turned away by some of the workers meanwhile.
 */
const IDENTITY_PATIENCE_MS = 10_000;

/** The key that a worker shows at present. */
export interface ShownKey {
  readonly worker: number;
  /** undefined for a worker that has none to show: it is not there, or not yet open. */
  readonly publicKey: Uint8Array | undefined;
}

/** Numbers of the workers that have a key, those with the same one together. */
function groupsOf(keys: readonly ShownKey[]): Map<string, number[]> {
  const groups = new Map<string, number[]>();
  for (const { worker, publicKey } of keys) {
    if (publicKey === undefined) continue;
    const key = Buffer.from(publicKey).toString("base64");
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [worker]);
    else group.push(worker);
  }
  return groups;
}

/** Whether workers have different keys. */
export function doDiffer(keys: readonly ShownKey[]): boolean {
  return groupsOf(keys).size > 1;
}

/** As a line of the log. Which of the groups has the right key is not known here: it need not be the largest. */
export function whoDiffers(groups: readonly (readonly number[])[]): string {
  const who = groups.map((workers) => workers.join(", ")).join(" | ");
  const seconds = IDENTITY_PATIENCE_MS / 1000;
  return `workers have had different identities for ${seconds} s (${who}): load one key file in all workers`;
}

/**
 * Tells when workers have had different identities for `IDENTITY_PATIENCE_MS` since one of them showed a new one: once,
 * until they agree again.
 */
export class IdentityWatch {
  readonly #keys: () => readonly ShownKey[];
  readonly #onDiffer: (groups: readonly (readonly number[])[]) => void;
  #timer: NodeJS.Timeout | undefined;
  /** By key, when it last looked. */
  #groups: Map<string, number[]> = new Map();
  #isTold = false;

  /**
   * @param keys of all workers, of now
   * @param onDiffer hears the numbers of the workers, those with the same key together
   */
  constructor(keys: () => readonly ShownKey[], onDiffer: (groups: readonly (readonly number[])[]) => void) {
    this.#keys = keys;
    this.#onDiffer = onDiffer;
  }

  /** Whenever a worker shows a key, another one, or none any more. */
  look(): void {
    const before = this.#groups;
    this.#groups = groupsOf(this.#keys());
    const isAnotherRotation = [...this.#groups.keys()].some((key) => !before.has(key));
    if (this.#groups.size < 2 || isAnotherRotation) this.stop();
    if (this.#groups.size < 2) this.#isTold = false;
    else if (!this.#isTold) this.#timer ??= setTimeout(() => this.#tell(), IDENTITY_PATIENCE_MS);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #tell(): void {
    this.#timer = undefined;
    // Somebody may be on the way out, and not looked at yet.
    const groups = [...groupsOf(this.#keys()).values()];
    if (groups.length < 2) return;
    this.#isTold = true;
    this.#onDiffer(groups);
  }
}
