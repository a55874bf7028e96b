/**
 * Who types what peers have must say where it comes from: without `authenticate` it is undefined. What that gives is
 * not checked likewise: a conditional type there would make a `Server<Player>` no `Server<unknown>` any more.
 */
export type WithData<Data> = undefined extends Data ? unknown : { readonly authenticate: unknown };
