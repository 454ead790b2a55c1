import { openingLines } from "./opening.ts";
import { LiveModel } from "./live-model.ts";
import { drawPicture } from "./live-view.ts";
import type { Progress } from "./progress.ts";
import { lineWidth, paintLine, type Line } from "./styled-line.ts";
import type { Surroundings } from "./surroundings.ts";

/**
 * Follows a run as a picture that is drawn again and again at the same place.
 *
 * Invariants
 *   T1. At most ten pictures a second, whatever happens in the run.
 *   T2. A picture is never higher than the window, or the way back to its top would be lost.
 *   T3. The cursor is shown again when the process ends, however it ends.
 */
export function followInTerminal(surroundings: Surroundings): Progress {
  const { clock, stdout, onExit } = surroundings;
  const startMs = clock.nowMs();
  const sinceStart = (): number => clock.nowMs() - startMs;
  let model: LiveModel | undefined;
  let drawn: readonly Line[] = [];
  let cancelTimer = (): void => {};
  let cancelExit = (): void => {};
  let isEnded = false;

  function draw(): void {
    const size = stdout.size() ?? { columns: 80, rows: 24 };
    const lines = drawPicture(model!.picture(sinceStart()), size);
    const painted = lines.map((line) => `${clearLine}${paintLine(line, stdout.hasColor)}\n`).join("");
    stdout.write(`${backTo(drawn, size.columns)}${painted}${clearBelow}`);
    drawn = lines;
    cancelTimer = clock.setTimer(betweenPicturesMs, draw);
  }

  return {
    begin(plan) {
      stdout.write(
        openingLines(plan)
          .map((line) => `${paintLine(line, stdout.hasColor)}\n`)
          .join(""),
      );
      model = new LiveModel(plan.organization.name);
      cancelExit = onExit(() => stdout.write(showCursor));
      stdout.write(hideCursor);
      draw();
    },
    onStart: (view) => model?.start(view),
    onEvent: (event) => model?.hearEvent(event, sinceStart()),
    onEntry: (entry) => model?.hearEntry(entry, sinceStart()),
    interrupted: () => model?.stop(),
    end() {
      if (isEnded || model === undefined) return;
      isEnded = true;
      cancelTimer();
      cancelExit();
      const { columns } = stdout.size() ?? { columns: 80 };
      stdout.write(`${erase(drawn, columns)}${showCursor}`);
    },
  };
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
