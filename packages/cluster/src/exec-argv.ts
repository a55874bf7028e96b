/** Options of Node that bring a program's text, or say what kind of text it is. */
const TEXT_OPTION = /^(-e|-p|-pe|--eval|--print|--input-type)$/;
const TEXT_OPTION_AND_VALUE = /^--(eval|print|input-type)=/;

/**
 * The options of a process for the workers that it starts: without those of `node -e` and `node -p`, since a worker has
 * its entry, and would run the main process's program instead, which starts workers. Node by itself leaves them out in
 * part only.
 */
export function inheritedExecArgv(execArgv: readonly string[]): string[] {
  const inherited: string[] = [];
  for (let i = 0; i < execArgv.length; i++) {
    const option = execArgv[i] as string;
    if (TEXT_OPTION_AND_VALUE.test(option)) continue;
    if (!TEXT_OPTION.test(option)) inherited.push(option);
    // Its value; "-p" has none in "-p -e TEXT". Node takes nothing that begins with "-" for a value.
    else if (execArgv[i + 1]?.startsWith("-") === false) i += 1;
  }
  return inherited;
}
