// The few functions of isomorphic-git that are used: a module of its own, loaded late, and a bundle holds nothing else of it.
import { addRemote, fetch, init, listServerRefs, resolveRef, writeRef } from 'isomorphic-git';

export const git = { addRemote, fetch, init, listServerRefs, resolveRef, writeRef };
