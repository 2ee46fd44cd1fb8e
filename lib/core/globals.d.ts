// The one host type that core names: something that can say "stop now". Everything else of the host stays out.
interface AbortSignal {
  readonly aborted: boolean;
}
