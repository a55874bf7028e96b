// A registry of npm's protocol on this machine that has a few tarballs, and nothing else: an installation from it shows
// that they fit together, without the network, and in as many versions of a package as are wanted.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

/** @param packed `{ manifest, tarball }` of each; resolves with the registry's URL and what ends it. */
export async function startRegistry(packed) {
  let url = "";
  const byName = groupByName(packed);

  function packument(name, versions) {
    const entries = versions.map(({ manifest, tarball }) => {
      const integrity = `sha512-${createHash("sha512").update(readFileSync(tarball)).digest("base64")}`;
      const place = `${url}/-/${encodeURIComponent(name)}/${manifest.version}.tgz`;
      return [manifest.version, { ...manifest, dist: { tarball: place, integrity } }];
    });
    return { name, "dist-tags": { latest: entries[0][0] }, versions: Object.fromEntries(entries) };
  }

  const server = createServer((request, response) => {
    const path = decodeURIComponent(request.url ?? "");
    const [, name, version] = /^\/-\/(.+)\/([^/]+)\.tgz$/.exec(path) ?? [];
    const found = byName.get(name ?? path.slice(1));
    const tarball = found?.find(({ manifest }) => manifest.version === version)?.tarball;
    if (found === undefined || (name !== undefined && tarball === undefined)) response.writeHead(404).end("{}");
    else if (tarball !== undefined) response.end(readFileSync(tarball));
    else response.setHeader("content-type", "application/json").end(JSON.stringify(packument(path.slice(1), found)));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${server.address().port}`;
  return { url, close: () => new Promise((resolve) => server.close(resolve).closeAllConnections()) };
}

function groupByName(packed) {
  const groups = new Map();
  for (const each of packed) {
    const group = groups.get(each.manifest.name);
    if (group === undefined) groups.set(each.manifest.name, [each]);
    else group.push(each);
  }
  return groups;
}
