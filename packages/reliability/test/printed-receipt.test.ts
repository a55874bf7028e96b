import { inspect } from "node:util";
import { DeliveryCode } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { refusedReceipt } from "../src/index.js";
import { OutgoingMessage } from "../src/outgoing-message.js";

/** A message in memory that it shares, with a neighbour that knows it too. */
function makeReceipt(): OutgoingMessage {
  const shared = new TextEncoder().encode("of another player, of this one");
  const message = new OutgoingMessage(shared, DeliveryCode.Reliable, 0, 0, Infinity, 1, 19, 11);
  const neighbour = new OutgoingMessage(shared, DeliveryCode.Reliable, 0, 0, Infinity, 0, 0, 17);
  message.older = neighbour;
  neighbour.newer = message;
  return message;
}

describe("a receipt that is printed", () => {
  it("shows what it says, and nothing of what the endpoint keeps in it", () => {
    const receipt = makeReceipt();
    expect(JSON.stringify({ receipt })).toBe('{"receipt":{"accepted":true}}');
    expect(inspect({ receipt }, { depth: Infinity })).toBe("{ receipt: { accepted: true, refusal: undefined } }");
  });

  it("shows the outcome once it is known", () => {
    const receipt = makeReceipt();
    receipt.holdOutcome();
    receipt.settle("acked");
    expect(JSON.stringify(receipt)).toBe('{"accepted":true}');
    receipt.tell("acked");
    expect(JSON.stringify(receipt)).toBe('{"accepted":true,"outcome":"acked"}');
    expect(inspect(receipt)).toBe("{ accepted: true, refusal: undefined, outcome: 'acked' }");
  });

  it("shows why a message was refused", () => {
    expect(JSON.stringify(refusedReceipt("queue-full"))).toBe('{"accepted":false,"refusal":"queue-full"}');
  });
});
