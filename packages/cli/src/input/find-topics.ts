import type { Topic } from "./command.ts";
import { nearestName } from "./nearest-name.ts";
import { UsageError } from "./usage-error.ts";

/** The topic that words begin with, and how many of them are its name; all topics of a group where only the group is named. Throws `UsageError`. */
export function findTopics(
  [first = "", second]: readonly string[],
  topics: readonly Topic[],
): { readonly found: readonly [Topic, ...Topic[]]; readonly words: number } {
  const group = topics.filter(({ name }) => name.startsWith(`${first} `));
  if (group.length > 0 && second === undefined) return { found: group as [Topic, ...Topic[]], words: 1 };
  const name = group.length === 0 ? first : `${first} ${second}`;
  return { found: [topicOf(name, topics)], words: group.length === 0 ? 1 : 2 };
}

function topicOf(name: string, topics: readonly Topic[]): Topic {
  const topic = topics.find((each) => each.name === name);
  if (topic !== undefined) return topic;
  const names = topics.map((each) => each.name);
  const nearest = nearestName(name, names);
  const remedy = nearest === undefined ? `there are ${names.join(", ")}` : `did you mean ${nearest}?`;
  throw new UsageError(`no command is called "${name}"`, remedy);
}
