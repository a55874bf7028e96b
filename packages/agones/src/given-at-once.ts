import { isThenable } from "@sortie/connection";

/**
 * What the application's callback gave, where it is needed at once. Throws TypeError for a promise; that it may reject
 * later is told by this already.
 */
export function givenAtOnce<Value>(name: string, value: Value): Value {
  if (!isThenable(value)) return value;
  Promise.resolve(value).catch(() => undefined);
  throw new TypeError(`"${name}" expected to give what it has at once, got a promise`);
}
