// The types of the client itself. Those of the API are generated: api.ts.

import type { Operations } from "./api.js";

/** The operations of a deployment, as `vestibule-types` writes them. */
export type AnyOperations = Record<
  string,
  { body?: unknown; query?: object; headers?: object; answer: { status: number } }
>;

type Method<O> = keyof O extends infer Key ? (Key extends `${infer M} ${string}` ? M : never) : never;
type Path<O, M extends string> = keyof O extends infer Key ? (Key extends `${M} ${infer P}` ? P : never) : never;

/** What an operation takes besides its body. */
type More<Operation> = Pick<Operation, Extract<keyof Operation, "query" | "headers">>;

/** The arguments after method and path: none must be given where none is required. */
type Arguments<Operation> = Operation extends { body: infer Body }
  ? {} extends More<Operation>
    ? [body: Body, more?: More<Operation>]
    : [body: Body, more: More<Operation>]
  : {} extends More<Operation>
    ? [body?: undefined, more?: More<Operation>]
    : [body: undefined, more: More<Operation>];

/**
 * Sends a request, and resolves to the answer: `status`, and `data`, `meta` or `errors` as the status has them. A 401
 * is an answer like others: `data.flows` lists how to continue. It rejects only where there is no answer at all.
 */
export type Send<O extends AnyOperations> = <M extends Method<O>, P extends Path<O, M>>(
  method: M,
  path: P,
  ...rest: Arguments<O[`${M} ${P}`]>
) => Promise<O[`${M} ${P}`]["answer"]>;

/** A request as it was sent, without what the client adds by itself: the CSRF token, and the content's type. */
export interface SentRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body: unknown;
}

/** An answer of any operation. */
export interface AnyAnswer {
  status: number;
  data?: unknown;
  meta?: unknown;
  errors?: { message: string; code: string; param?: string }[];
}

interface Options {
  /** Called with each request and its answer: to keep what a page shows of the session, or to log. */
  onAnswer?: (request: SentRequest, answer: AnyAnswer) => void;
}

export interface BrowserOptions extends Options {
  /** The API, with the path before the kind of client: `https://api.example.com/_allauth`. By default the page's. */
  url?: string;
  /** The setting CSRF_COOKIE_NAME. */
  csrfCookie?: string;
  /** The setting CSRF_HEADER_NAME, as it is sent. */
  csrfHeader?: string;
}

export interface BrowserClient<O extends AnyOperations = Operations> {
  send: Send<O>;
  /** Leaves the page for a provider, which leads back to `callbackUrl`. */
  redirectToProvider(provider: string, process: "login" | "connect", callbackUrl: string): Promise<void>;
}

/** What an app keeps between its starts. All of it is secret. */
export interface Tokens {
  session?: string;
  /** With HEADLESS_TOKEN_STRATEGY=jwt. */
  access?: string;
  refresh?: string;
}

/** Where an app keeps its tokens, such as the keychain of the device. */
export interface TokenStorage {
  load(): Tokens | Promise<Tokens>;
  save(tokens: Tokens): void | Promise<void>;
}

export interface AppOptions extends Options {
  /** The API, with the path before the kind of client: `https://api.example.com/_allauth`. */
  url: string;
  storage: TokenStorage;
}

export interface AppClient<O extends AnyOperations = Operations> {
  send: Send<O>;
  /** An access token for other APIs that is valid for some seconds at least; `undefined` without a login. */
  accessToken(): Promise<string | undefined>;
}
