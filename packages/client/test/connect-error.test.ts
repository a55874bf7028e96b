import type { DisconnectCode } from "@sortie/connection";
import { RejectReason } from "@sortie/wire";
import { describe, expect, it } from "vitest";
import { abortedError, ConnectError, errorOfDisconnect, errorOfReject } from "../src/connect-error.js";

const TARGET = "play.example:1474";

describe("ConnectError", () => {
  it("is an Error with a code, and a cause and a reason where there are any", () => {
    const cause = new Error("below");
    const error = new ConnectError("network", "no socket", { cause, reason: "why" });
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: "ConnectError", code: "network", message: "no socket", reason: "why" });
    expect(error.cause).toBe(cause);
    expect("cause" in new ConnectError("timeout", "")).toBe(false);
  });

  it("tells of an aborted attempt with the signal's reason", () => {
    const error = abortedError({ host: "play.example", port: 1474, signal: { reason: "left" } });
    expect([error.code, error.cause]).toEqual(["aborted", "left"]);
    expect(error.message).toContain(TARGET);
  });
});

describe("a REJECT", () => {
  it.each([
    [RejectReason.Version, "version", /protocol version 7, this client 1/],
    [RejectReason.ProtocolMismatch, "protocol-mismatch", /another "protocol"/],
    [RejectReason.ServerFull, "server-full", /no free slot/],
    [RejectReason.ShuttingDown, "rejected", /shutting down/],
    [RejectReason.NoCommonSuite, "rejected", /no cipher suite in common/],
  ])("of reason %d has the code %s and says with whom", (reason, code, message) => {
    const error = errorOfReject(reason, 7, TARGET);
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.message).toContain(TARGET);
  });

  it("covers every reason of the protocol", () => {
    for (const reason of Object.values(RejectReason)) expect(errorOfReject(reason, 7, TARGET).code).not.toBe("");
  });
});

describe("a connection that ends before acceptance", () => {
  it.each<[DisconnectCode, "local" | "remote", string]>([
    ["server-full", "remote", "server-full"],
    ["refused", "remote", "rejected"],
    ["kicked", "remote", "rejected"],
    ["shutting-down", "remote", "rejected"],
    ["internal-error", "remote", "rejected"],
    ["protocol-error", "remote", "rejected"],
    ["timeout", "local", "timeout"],
    ["handshake-timeout", "remote", "timeout"],
    ["handshake-timeout", "local", "timeout"],
    ["network", "local", "network"],
    ["closed", "local", "aborted"],
  ])("as %s (%s) has the code %s", (code, by, expected) => {
    const error = errorOfDisconnect({ code, by, text: "because" }, TARGET);
    expect(error.code).toBe(expected);
    if (code !== "network") expect(error.message).toContain(TARGET);
  });

  it("tells the application's words as reason, and the code where there are none", () => {
    const refused = errorOfDisconnect({ code: "refused", by: "remote", text: "bad token" }, TARGET);
    expect([refused.reason, refused.message]).toEqual(["bad token", `${TARGET} refused: bad token`]);
    const silent = errorOfDisconnect({ code: "refused", by: "remote", text: "" }, TARGET);
    expect(silent.message).toBe(`${TARGET} refused: refused`);
  });
});
