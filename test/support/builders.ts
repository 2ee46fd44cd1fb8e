// Small values that many tests need.
import type { PrunePolicy } from '../../lib/core/config/model.ts';

export const defaultPrune: PrunePolicy = {
  enabled: true,
  confirm: false,
  adopted: false,
  kinds: [],
  budget: { percent: 50, atLeast: 5 },
};
