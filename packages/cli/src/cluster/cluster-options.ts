import type { CommandOption } from "../input/command.ts";

/** Which cluster is meant: what all commands take that work on one. */
export const clusterOptions: readonly CommandOption[] = [
  {
    name: "server",
    value: "URL",
    text: "The NATS servers, with commas between them. Default NATS_URL, or that of the context, or this machine.",
  },
  { name: "context", value: "NAME", text: "A context of the nats command. Default NATS_CONTEXT, or the one that is selected." },
  { name: "namespace", value: "NAME", text: "The cluster, among those on the same servers. Default ORGTREE_NAMESPACE, or main." },
];

/** For commands that ask something and wait for it. */
export const waitOption: CommandOption = {
  name: "wait",
  value: "SECONDS",
  text: "How long to wait for an answer. Default 10.",
};

/** For commands that print a result. */
export const jsonOption: CommandOption = { name: "json", text: "The result as JSON." };

/** What is said in the help of each of them. */
export const clusterParagraph =
  "The servers are found as the nats command finds them: --server or --context, then NATS_URL with NATS_USER, NATS_PASSWORD, NATS_TOKEN, NATS_CREDS, NATS_NKEY, NATS_INBOX_PREFIX, NATS_CERT, NATS_KEY and NATS_CA, then NATS_CONTEXT or the context that is selected, then this machine.";
