/** Reads lines of `HH:MM height`, such as `06:12 3.4`; empty lines and comments (#) are skipped. */
export function parseObservations(text) {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [time, height] = line.split(/\s+/);
      return { minute: toMinute(time), height: Number(height) };
    });
}

/** Minutes since midnight. */
export function toMinute(time) {
  const [hours, minutes] = time.split(":");
  return Number(hours) * 60 + Number(minutes);
}

/** `HH:MM` of a minute; a minute of the next day is shown as a time of that day. */
export function toTime(minute) {
  const hours = Math.floor(minute / 60);
  const minutes = minute % 60;
  return `${String(hours).padStart(2, "0")}:${String(minutes).padStart(2, "0")}`;
}
