import { doneBeforeLines } from "./done-before.ts";
import { openingLines, preparingLine } from "./opening.ts";
import { LiveModel } from "./live-model.ts";
import { drawPicture } from "./live-view.ts";
import type { Progress } from "./progress.ts";
import { clipLine, lineWidth, paintLine, paintLines, span, type Line } from "../text/styled-line.ts";
import type { Output, Surroundings, TerminalSize } from "../surroundings.ts";

/**
 * Follows a run as a picture that is drawn again and again at the same place.
 *
 * Invariants
 *   T1. At most ten pictures a second, whatever happens in the run.
 *   T2. A picture is never higher than the window, or the way back to its top would be lost.
 *   T3. The cursor is shown again when the process ends, however it ends.
 *   T4. The last picture stays on the screen, above the report; nothing before it does.
 */
export function followInTerminal(surroundings: Surroundings): Progress {
  const { clock, stdout, onExit } = surroundings;
  let startMs = clock.nowMs();
  const sinceStart = (): number => clock.nowMs() - startMs;
  let model: LiveModel | undefined;
  let preparing: readonly Line[] = [];
  let drawn: readonly Line[] = [];
  let cancelTimer = (): void => {};
  let cancelExit = (): void => {};
  let isEnded = false;

  function draw(): void {
    const size = sizeOf(stdout);
    const lines = drawPicture(model!.picture(sinceStart()), size);
    const painted = lines.map((line) => `${clearLine}${paintLine(line, stdout.hasColor)}\n`).join("");
    stdout.write(`${backTo(drawn, size.columns)}${painted}${clearBelow}`);
    drawn = lines;
    cancelTimer = clock.setTimer(betweenPicturesMs, draw);
  }

  return {
    prepare(work) {
      preparing = [clipLine(preparingLine(work), sizeOf(stdout).columns)];
      stdout.write(paintLines(preparing, stdout.hasColor));
    },
    begin(plan, start) {
      const { columns } = sizeOf(stdout);
      stdout.write(`${erase(preparing, columns)}${paintLines(openingLines(plan, start, columns), stdout.hasColor)}`);
      preparing = [];
      startMs = clock.nowMs();
      model = new LiveModel(plan.organization.name);
      cancelExit = onExit(() => stdout.write(showCursor));
      stdout.write(hideCursor);
      draw();
    },
    resumed(past) {
      const { columns } = sizeOf(stdout);
      stdout.write(`${erase(drawn, columns)}${paintLines(doneBeforeLines(past, columns), stdout.hasColor)}`);
      drawn = [];
      for (const entry of past.entries) model?.hearEntry(entry, 0);
    },
    onStart: (view) => model?.start(view),
    onEvent: (event) => model?.hearEvent(event, sinceStart()),
    onEntry: (entry) => model?.hearEntry(entry, sinceStart()),
    interrupted() {
      if (model !== undefined) return model.stop();
      const line = [span("interrupted: stopping in order; once more exits at once", "warning")];
      preparing = [...preparing, clipLine(line, sizeOf(stdout).columns)];
      stdout.write(paintLines(preparing.slice(-1), stdout.hasColor));
    },
    end() {
      if (isEnded) return;
      isEnded = true;
      const { columns } = sizeOf(stdout);
      stdout.write(erase(preparing, columns));
      if (model === undefined) return;
      cancelTimer();
      cancelExit();
      const lines = drawPicture(model.lastPicture(sinceStart()), { columns, rows: Infinity });
      stdout.write(`${erase(drawn, columns)}${paintLines(lines, stdout.hasColor)}${showCursor}`);
    },
  };
}

function sizeOf(stdout: Output): TerminalSize {
  return stdout.size() ?? { columns: 80, rows: 24 };
}

const betweenPicturesMs = 100;

// ECMA-48: https://ecma-international.org/publications-and-standards/standards/ecma-48/
const hideCursor = "\u001b[?25l";
const showCursor = "\u001b[?25h";
const clearLine = "\u001b[K";
const clearBelow = "\u001b[J";

/** To the first row of what was drawn. */
function backTo(drawn: readonly Line[], columns: number): string {
  const rows = rowsOf(drawn, columns);
  return rows === 0 ? "" : `\r\u001b[${rows}A`;
}

/** Leaves nothing of what was drawn. Row by row: a screen that is cleared at once may be kept in the scrollback, as tmux does. */
function erase(drawn: readonly Line[], columns: number): string {
  const back = backTo(drawn, columns);
  return `${back}${`${clearLine}\n`.repeat(rowsOf(drawn, columns))}${back}`;
}

/** Rows on the screen: a window that became narrower has broken the lines that no longer fit. */
function rowsOf(drawn: readonly Line[], columns: number): number {
  return drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(lineWidth(line) / columns)), 0);
}
