package dev.cofferdam.gateway.ingress;

import dev.cofferdam.gateway.dispatch.Generation;
import dev.cofferdam.gateway.privacy.Masking;
import dev.cofferdam.gateway.prompt.PromptFormat;
import dev.cofferdam.gateway.shadow.Shadows;
import dev.cofferdam.gateway.tenancy.Catalog;
import dev.cofferdam.gateway.tenancy.ModelEntry;
import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.RolloutShare;
import dev.cofferdam.vocabulary.TenantProfile;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;

/** Copies of requests for a model that is tried in the shadow of theirs. */
final class ShadowCopies {
  private final Offers offers;
  private final PromptFormats formats;
  private final Shadows shadows;
  private final long requestMsMax;

  ShadowCopies(Offers offers, PromptFormats formats, Shadows shadows, long requestMsMax) {
    this.offers = offers;
    this.formats = formats;
    this.shadows = shadows;
    this.requestMsMax = requestMsMax;
  }

  /**
   * Has a request followed by a copy, where its conversation is of the share that is.
   *
   * @param input as the model gets it, masked
   * @param conversation keyed digest of the conversation's beginning
   */
  void follow(Generation request, Asked asked, Asked.Input input, Supplier<byte[]> conversation) {
    if (request.operation() != Operation.GENERATE || request.adapter().isPresent()) {
      return;
    }
    TenantProfile tenant = request.identity().tenant();
    Optional<Catalog.Shadow> shadow = offers.shadow(tenant, request.model());
    if (shadow.isEmpty()) {
      return;
    }
    ModelEntry model = shadow.get().model();
    double share = shadow.get().share();
    if (RolloutShare.includes(conversation.get(), "shadow/" + model.id(), share)) {
      PromptFormat format = Intake.format(formats.of(model), asked);
      int[] prompt = Intake.tokens(format, input);
      int room = Offers.contextTokensMax(tenant, model) - prompt.length;
      if (room > 0) {
        shadows.follow(request.id(), copy(request, model, format, prompt, room));
      }
    }
  }

  private Generation copy(
      Generation request, ModelEntry model, PromptFormat format, int[] prompt, int room) {
    return new Generation(
        Operation.SHADOW,
        RequestId.random(),
        request.identity(),
        request.sourceIp(),
        model,
        Optional.empty(),
        format,
        prompt,
        request.promptHmac(),
        List.of(),
        List.of(),
        Masking.NONE,
        request.sampling(),
        Math.min(room, request.outputTokensMax()),
        request.stops(),
        request.workloadClass(),
        request.deadlineEpochMs() + requestMsMax,
        Optional.empty());
  }
}
