import type { Job, JobNewsItem } from "@orgtree/node";
import { jsonLine } from "../progress/json-lines.ts";
import { noteLines } from "../progress/note-line.ts";
import { Story, type Note } from "../progress/story.ts";
import type { Surroundings } from "../surroundings.ts";
import { cleanText } from "../text/display-width.ts";
import { paintLines, span, type Line } from "../text/styled-line.ts";
import { jobEndLines, jobHeadLines, withoutOutput } from "./job-text.ts";

/** How a job is told. */
export interface JobTeller {
  readonly begin: (job: Job) => void;
  readonly news: (news: JobNewsItem) => void;
  /** Somebody has seen enough of it; it goes on. */
  readonly left: (job: Job, position: number) => void;
  readonly end: (job: Job) => void;
}

/** Aligns the names of agents. */
const nameWidth = 12;

/** In the words in which a run on this machine is told, a line for each thing. */
export function followedInLines({ clock, stdout, program }: Surroundings): JobTeller {
  const columns = stdout.size()?.columns ?? Infinity;
  const print = (lines: readonly Line[]): void => stdout.write(paintLines(lines, stdout.hasColor));
  const width = Math.min(columns, 160);
  let story: Story | undefined;
  let startMs = 0;
  return {
    begin(job) {
      startMs = job.submittedMs;
      story = new Story(`/${job.what}`);
      print([...jobHeadLines(job, clock.epochMs(), width), []]);
    },
    news({ atMs, process, events, entries }) {
      const sinceMs = atMs - startMs;
      const notes: Note[] = process === undefined ? [] : [processNote(process, sinceMs)];
      for (const event of events) notes.push(...story!.ofEvent(event, sinceMs));
      for (const entry of entries) notes.push(...story!.ofEntry(entry, sinceMs));
      print(notes.flatMap((note) => noteLines(note, { nameWidth }, columns)));
    },
    left({ id }, position) {
      print([
        [span("it goes on without being watched; to see the rest:", "warning")],
        [span(`  ${program} follow ${id} --after ${position}`, "accent")],
      ]);
    },
    end: (job) => print([[], ...jobEndLines(job, width)]),
  };
}

/** A JSON object a line: `job`, then `news` with their positions, then `end` or `interrupted`. */
export function followedInJson({ clock, stdout }: Surroundings): JobTeller {
  const print = (object: object): void => stdout.write(jsonLine(object));
  return {
    begin: (job) => print({ type: "job", job: withoutOutput(job), atMs: clock.epochMs() }),
    news: (news) => print({ type: "news", ...news }),
    left: (_job, position) => print({ type: "interrupted", position, atMs: clock.epochMs() }),
    end: (job) => print({ type: "end", job, atMs: clock.epochMs() }),
  };
}

function processNote(process: string, atMs: number): Note {
  return { atMs, kind: "state", who: cleanText(process), text: "does it from here on", tone: "accent" };
}
