export {
  type ChatReply,
  type ChatReplyOptions,
  type ChatToolCall,
  cutAfter,
  delayed,
  failure,
  inPiecesOf,
  json,
  rawStream,
  silence,
  stallAfter,
  streamedDeltas,
  streamedText,
  streamedToolCalls,
  wholeAnswer,
} from "./chat-reply.ts";
export { type ChatServer, type ChatServerOptions, type ChatServerRequest, startChatServer } from "./chat-server.ts";
