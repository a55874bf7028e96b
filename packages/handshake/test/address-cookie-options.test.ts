import { describe, expect, it } from "vitest";
import { AddressCookie, type AddressCookieOptions } from "../src/index.js";
import { createNodeProvider } from "../src/node/index.js";

describe("options of an AddressCookie", () => {
  const crypto = createNodeProvider();

  it("are refused where there are none of their name", () => {
    const message = '"options" expected "sharedKey", got "sharedkey"';
    const options = { sharedkey: new Uint8Array(32) } as AddressCookieOptions;
    expect(() => new AddressCookie(crypto, options)).toThrow(new TypeError(message));
    expect(() => new AddressCookie(crypto, { sharedkey: undefined } as AddressCookieOptions)).not.toThrow();
  });

  it.each([
    [null, "null"],
    [5000, "a number"],
    [[], "an array"],
  ])("are an object, not %o", (options, got) => {
    const message = `"options" expected an object, got ${got}`;
    expect(() => new AddressCookie(crypto, options as AddressCookieOptions)).toThrow(new TypeError(message));
  });
});
