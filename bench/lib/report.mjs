// bench/RESULTS.md from all workloads ever run, each with its own machine, version and date.
import { cpus, release } from "node:os";

export function thisMachine() {
  const [{ model }] = cpus();
  return {
    date: new Date().toISOString().slice(0, 10),
    node: process.version,
    machine: `${cpus().length} x ${model.trim()}, ${process.platform} ${release()}`,
  };
}

const HEAD = `# Benchmark results

Written by \`npm run bench\`; what the workloads are, and what each system under test does, is in
[README.md](README.md). CPU is user and system time of the server's process. Figures are medians over the rounds
(least..greatest) where nothing else is said. Machines differ and drift: compare ratios within one table, not figures
of two.
`;

export function report(results, order) {
  const names = Object.keys(results).sort((a, b) => place(order, a) - place(order, b) || a.localeCompare(b));
  const text = [HEAD];
  for (const name of names) {
    const { date, node, machine, quick, lines } = results[name];
    const [title, ...rest] = lines;
    const variant = name.split("+").slice(1).join(", ");
    text.push(variant === "" ? title : `${title} (${variant})`, "");
    text.push(`${date}, Node ${node}, ${machine}${quick === true ? "; a quick run" : ""}.`, ...rest);
  }
  return `${text.join("\n").trimEnd()}\n`;
}

function place(order, name) {
  const at = order.indexOf(name.split("+")[0]);
  return at < 0 ? order.length : at;
}
