import type { Surroundings } from "../surroundings.ts";
import { paintLines, span, type Line } from "../text/styled-line.ts";
import { doneBeforeLines } from "./done-before.ts";
import { noteLines } from "./note-line.ts";
import { openingLines, preparingLine } from "./opening.ts";
import type { Progress } from "./progress.ts";
import { Story, type Note } from "./story.ts";

/** Follows a run as lines, one for each thing worth knowing: for pipes, files and terminals that cannot move their cursor. */
export function followInLines({ clock, stdout }: Pick<Surroundings, "clock" | "stdout">): Progress {
  let startMs = clock.nowMs();
  const sinceStart = (): number => clock.nowMs() - startMs;
  const columns = (): number => stdout.size()?.columns ?? Infinity;
  const print = (lines: readonly Line[]): void => stdout.write(paintLines(lines, stdout.hasColor));
  let story: Story | undefined;
  let nameWidth = 0;
  const tell = (notes: readonly Note[]): void => {
    if (notes.length > 0) print(notes.flatMap((note) => noteLines(note, { nameWidth }, columns())));
  };
  return {
    prepare(work) {
      if (work.kind === "repository") print([preparingLine(work)]);
    },
    begin(plan, start) {
      const { name, agents } = plan.organization;
      startMs = clock.nowMs();
      story = new Story(`/${name}`);
      nameWidth = Math.min(16, Math.max(...[name, "lead", ...Object.keys(agents)].map(({ length }) => length)));
      print(openingLines(plan, start, columns()));
    },
    resumed: (past) => print(doneBeforeLines(past, columns())),
    onStart: () => {},
    onEvent: (event) => tell(story?.ofEvent(event, sinceStart()) ?? []),
    onEntry: (entry) => tell(story?.ofEntry(entry, sinceStart()) ?? []),
    interrupted: () => print([[span("interrupted: stopping in order; once more exits at once", "warning")]]),
    end: () => {},
  };
}
