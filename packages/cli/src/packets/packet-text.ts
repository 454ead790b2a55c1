import type { ReadPacket } from "@orgtree/node";
import { cleanText } from "../text/display-width.ts";
import { plainJson } from "../text/plain-json.ts";
import { span, type Line } from "../text/styled-line.ts";

/** A packet that was seen, or decoded. */
export interface SeenPacket extends ReadPacket {
  /** Undefined where nobody knows from where the bytes are. */
  readonly route: { readonly to: string; readonly from: string; readonly atMs: number } | undefined;
  readonly bytes: number;
}

/** Of what was sent first: who speaks to whom, and what kind of packet it is; then each parcel on a line. */
export function packetLines({ route, type, channel, bytes, fields, parcels }: SeenPacket): readonly Line[] {
  const time = route === undefined ? "" : `${new Date(route.atMs).toISOString().slice(11, 23)}  `;
  const way = route === undefined ? "" : `${route.from} → ${route.to}  `;
  const facts = Object.entries(fields).map(([name, value]) => `${name} ${typeof value === "string" ? value : plainJson(value)}`);
  const rest = [channel === undefined ? "" : `channel ${channel}`, ...facts, `${bytes} B`].filter((fact) => fact !== "").join("  ");
  return [
    [span(time, "dim"), span(way, "strong"), span(type, type === "unreadable" ? "bad" : "accent"), span(`  ${cleanText(rest)}`, "dim")],
    ...parcels.map(({ type: kind, ...parcel }): Line => [span(`  ${String(kind)}`, "accent"), span(`  ${plainJson(parcel)}`)]),
  ];
}

/** The same as JSON: bytes are texts. */
export function packetJson({ route, ...packet }: SeenPacket): object {
  return { ...route, ...packet };
}
