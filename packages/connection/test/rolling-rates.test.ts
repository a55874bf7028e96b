import { describe, expect, it } from "vitest";
import { RollingRates } from "../src/rolling-rates.js";

describe("RollingRates", () => {
  it("counts packets and bytes each way by whole seconds", () => {
    const rates = new RollingRates();
    rates.countSent(100, 100);
    rates.countSent(200, 999);
    rates.countReceived(50, 500);
    rates.countSent(1, 1000);
    const [last] = rates.history(1500);
    expect(last).toEqual({ packetsSent: 2, packetsReceived: 1, bytesSent: 300, bytesReceived: 50 });
  });

  it("keeps ten seconds, newest first, and zeros where nothing was", () => {
    const rates = new RollingRates();
    for (const second of [0, 2, 3]) rates.countSent(second + 1, second * 1000 + 10);
    const history = rates.history(4000);
    expect(history).toHaveLength(10);
    expect(history.slice(0, 4).map((one) => one.bytesSent)).toEqual([4, 3, 0, 1]);
  });

  it("is right where the totals pass 2^32 bytes", () => {
    const rates = new RollingRates();
    for (const second of [0, 1, 2]) {
      for (let i = 0; i < 3; i++) rates.countReceived(2 ** 30, second * 1000);
    }
    const bytes = 3 * 2 ** 30;
    expect(rates.history(3000).map((one) => one.bytesReceived)).toEqual([bytes, bytes, bytes, 0, 0, 0, 0, 0, 0, 0]);
    expect(rates.bytesReceived).toBe(3 * bytes);
  });

  it("forgets all after a long silence", () => {
    const rates = new RollingRates();
    rates.countSent(9, 0);
    expect(rates.history(1_000_000_000).every((one) => one.packetsSent === 0)).toBe(true);
  });
});
