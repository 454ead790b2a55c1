import { noteLine } from "./note-line.ts";
import { openingLines } from "./opening.ts";
import type { Progress } from "./progress.ts";
import { Story, type Note } from "./story.ts";
import { paintLine, span, type Line } from "./styled-line.ts";
import type { Surroundings } from "./surroundings.ts";

/** Follows a run as lines, one for each thing worth knowing: for pipes, files and terminals that cannot move their cursor. */
export function followInLines({ clock, stdout }: Pick<Surroundings, "clock" | "stdout">): Progress {
  const startMs = clock.nowMs();
  const sinceStart = (): number => clock.nowMs() - startMs;
  const print = (lines: readonly Line[]): void => {
    for (const line of lines) stdout.write(`${paintLine(line, stdout.hasColor)}\n`);
  };
  let story: Story | undefined;
  let nameWidth = 0;
  const tell = (notes: readonly Note[]): void => print(notes.map((note) => noteLine(note, { nameWidth })));
  return {
    begin(plan) {
      const { name, agents } = plan.organization;
      story = new Story(`/${name}`);
      nameWidth = Math.min(16, Math.max(...[name, "lead", ...Object.keys(agents)].map(({ length }) => length)));
      print(openingLines(plan));
    },
    onStart: () => {},
    onEvent: (event) => tell(story?.ofEvent(event, sinceStart()) ?? []),
    onEntry: (entry) => tell(story?.ofEntry(entry, sinceStart()) ?? []),
    interrupted: () => print([[span("interrupted: stopping in order; once more exits at once", "warning")]]),
    end: () => {},
  };
}
