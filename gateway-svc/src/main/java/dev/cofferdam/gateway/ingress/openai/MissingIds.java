package dev.cofferdam.gateway.ingress.openai;

import dev.cofferdam.gateway.ingress.Intake;
import dev.cofferdam.gateway.ingress.rest.Call;
import dev.cofferdam.gateway.storage.ForeignIds;
import dev.cofferdam.gateway.storage.GeneratedId;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;

/**
 * What answers an id that the caller does not have: the same whether nobody has it or another
 * tenant, which becomes a CRITICAL audit fact for operators.
 */
final class MissingIds {
  private final Intake intake;
  private final ForeignIds foreign;
  private final GeneratedId.Kind kind;

  MissingIds(Intake intake, ForeignIds foreign, GeneratedId.Kind kind) {
    this.intake = intake;
    this.foreign = foreign;
    this.kind = kind;
  }

  /** The refusal to throw. */
  RefusedException refusal(Call call, String id, Refusal refusal) {
    GeneratedId.of(kind, id)
        .ifPresent(
            named ->
                foreign.missed(
                    call.identity().tenant().id(),
                    named,
                    () ->
                        intake.named(
                            call.id(),
                            call.identity(),
                            call.sourceIp(),
                            refusal,
                            "asked for a " + kind.label() + " of another tenant: " + id)));
    return refusal.asException();
  }
}
