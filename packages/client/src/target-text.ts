/** A server as messages name it: "play.example:1474", or "[2001:db8::1]:1474" (RFC 3986 section 3.2.2). */
export function targetText({ host, port }: { readonly host: string; readonly port: number }): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}
