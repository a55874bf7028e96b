/**
 * What the application's callback gave, where it is needed at once. Throws TypeError for a promise; that it may reject
 * later is told by this already.
 */
export function givenAtOnce<Value>(name: string, value: Value): Value {
  if (!(value instanceof Promise)) return value;
  value.catch(() => undefined);
  throw new TypeError(`"${name}" expected to give what it has at once, got a promise`);
}
