package dev.cofferdam.worker.execution.cpu;

import dev.cofferdam.worker.adapter.LoraTarget;
import java.util.List;

/** The targets of adapters by the matrix that holds them: those of one read the same input. */
enum LoraProjection {
  QUERY_KEY_VALUE(LoraTarget.QUERY, LoraTarget.KEY, LoraTarget.VALUE),
  OUTPUT(LoraTarget.OUTPUT),
  GATE_UP(LoraTarget.GATE, LoraTarget.UP),
  DOWN(LoraTarget.DOWN);

  /** Most targets of a projection. */
  static final int TARGETS_MAX = 3;

  /** In the order of the matrix' parts. */
  final List<LoraTarget> targets;

  LoraProjection(LoraTarget... targets) {
    this.targets = List.of(targets);
  }

  /** The projection that a target is a part of. */
  static LoraProjection of(LoraTarget target) {
    return switch (target) {
      case QUERY, KEY, VALUE -> QUERY_KEY_VALUE;
      case OUTPUT -> OUTPUT;
      case GATE, UP -> GATE_UP;
      case DOWN -> DOWN;
    };
  }
}
