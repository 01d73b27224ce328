package dev.cofferdam.mesh.store;

import dev.cofferdam.vocabulary.TenantId;

/** Whose rows can be seen at all. */
public sealed interface View {
  /** One tenant's. */
  record Of(TenantId tenant) implements View {}

  /** Everybody's, for those who run the mesh. */
  record Everybody() implements View {}
}
