package dev.cofferdam.wire;

import dev.cofferdam.vocabulary.Operation;

/** What workers do, between the services' messages and the vocabulary. */
public final class Operations {
  private Operations() {}

  /**
   * The operation of a field; generation where it is unspecified.
   *
   * @throws IllegalArgumentException for a value that is not known
   */
  public static Operation of(dev.cofferdam.proto.scheduling.v1.Operation value) {
    return switch (value) {
      case OPERATION_UNSPECIFIED, OPERATION_GENERATE -> Operation.GENERATE;
      case OPERATION_EMBED -> Operation.EMBED;
      case OPERATION_SHADOW -> Operation.SHADOW;
      case UNRECOGNIZED -> throw new IllegalArgumentException("operation: unknown value");
    };
  }

  /** The field of an operation. */
  public static dev.cofferdam.proto.scheduling.v1.Operation of(Operation value) {
    return switch (value) {
      case GENERATE -> dev.cofferdam.proto.scheduling.v1.Operation.OPERATION_GENERATE;
      case EMBED -> dev.cofferdam.proto.scheduling.v1.Operation.OPERATION_EMBED;
      case SHADOW -> dev.cofferdam.proto.scheduling.v1.Operation.OPERATION_SHADOW;
    };
  }
}
