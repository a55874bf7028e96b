import { describe, expect, it } from "vitest";
import { DatagramShelf, MAX_SHELVED_BYTES } from "../src/datagram-shelf.js";

describe("DatagramShelf", () => {
  it("keeps what is put in each of many places, to the last byte", () => {
    const shelf = new DatagramShelf();
    const places = Array.from({ length: 200 }, () => shelf.take());
    expect(new Set(places).size).toBe(200);
    const contentOf = (place: number): Uint8Array => new Uint8Array(MAX_SHELVED_BYTES + 7).fill(1 + (place % 251));
    for (const place of places) shelf.put(place, contentOf(place), 7, MAX_SHELVED_BYTES + 7);
    for (const place of places) {
      expect(shelf.get(place, MAX_SHELVED_BYTES)).toEqual(contentOf(place).subarray(7));
      expect(shelf.get(place, 3)).toHaveLength(3);
    }
  });

  it("gives places that were given back to others, before it takes more memory", () => {
    const shelf = new DatagramShelf();
    const places = Array.from({ length: 64 }, () => shelf.take());
    for (const place of places) shelf.give(place);
    const again = Array.from({ length: 64 }, () => shelf.take());
    expect([...again].sort((a, b) => a - b)).toEqual([...places].sort((a, b) => a - b));
  });
});
