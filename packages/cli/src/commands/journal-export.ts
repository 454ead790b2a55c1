import type { Command } from "../input/command.ts";

/** Writes a journal as lines of JSON. */
export const journalExport: Command = {
  name: "journal export",
  usage: "FILE [--out LINES]",
  summary: "Writes every entry of a journal as a line of JSON.",
  operands: { name: "FILE", least: 1, most: 1 },
  details: [
    "It is for other programs, to check, move or keep what is stored, and not for reading: the content of a turn is not decoded. What people read is orgtree history FILE ADDRESS --json, and orgtree show.",
    "One object a line, in the order of positions: position, address, seq, kind (whole, part, end), mark, isSound, and data, which is the content in base64 (MessagePack). Entries that are damaged are there too, as far as they can be read, with isSound false. FILE is not changed.",
    "Exit codes: 0 all entries are sound; 1 some are not; 2 it cannot be read, or the lines cannot be written; 130 interrupted.",
  ],
  options: [{ name: "out", value: "LINES", text: "The file to write. It must not be there yet. Default: standard output." }],
  load: async () => (await import("../journal/export-file.ts")).exportFile,
};
