/** What came, for messages: `typeof`, but "null" for null. */
export function kindOf(value: unknown): string {
  return value === null ? "null" : typeof value;
}

/** Throws TypeError for what is no object. */
export function checkObject(label: string, value: unknown): void {
  if (typeof value !== "object" || value === null) {
    throw new TypeError(`"${label}" expected an object, got ${kindOf(value)}`);
  }
}

/** Throws TypeError that names the first of these options that is there and no function. */
export function checkFunctions(options: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(options)) {
    if (value !== undefined && typeof value !== "function") {
      throw new TypeError(`"${name}" expected a function, got ${kindOf(value)}`);
    }
  }
}
