// Clients that come, are accepted, and leave, as fast as the server lets them: so many at once.
export async function runHandshakes({ atOnce }, link, meter) {
  for (let i = 0; i < atOnce; i++) void comeAndGo(link, meter);
}

async function comeAndGo(link, meter) {
  for (;;) {
    await link.comeAndGo();
    meter.received += 1;
    meter.sent += 1;
  }
}
