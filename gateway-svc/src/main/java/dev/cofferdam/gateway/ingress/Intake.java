package dev.cofferdam.gateway.ingress;

import dev.cofferdam.gateway.dispatch.Generation;
import dev.cofferdam.gateway.dispatch.Sampling;
import dev.cofferdam.gateway.facts.AuditFact;
import dev.cofferdam.gateway.facts.AuditFacts;
import dev.cofferdam.gateway.facts.ContentHash;
import dev.cofferdam.gateway.identity.Identity;
import dev.cofferdam.gateway.privacy.Masking;
import dev.cofferdam.gateway.prompt.ChatMessage;
import dev.cofferdam.gateway.prompt.PromptFormat;
import dev.cofferdam.gateway.quota.TenantBreakers;
import dev.cofferdam.gateway.retrieval.Documents;
import dev.cofferdam.gateway.shadow.Shadows;
import dev.cofferdam.gateway.tenancy.AdapterEntry;
import dev.cofferdam.gateway.tenancy.ModelEntry;
import dev.cofferdam.vocabulary.ErrorCode;
import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.PrivacyPolicy;
import dev.cofferdam.vocabulary.Refusal;
import dev.cofferdam.vocabulary.RefusedException;
import dev.cofferdam.vocabulary.RequestId;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Makes generations of what clients ask for. Not to be called on an event loop, but for what {@link
 * #isShort}.
 */
public final class Intake {
  /** Bytes of a request that is tokenised in less time than a change of threads takes. */
  public static final int SHORT_BYTES_MAX = 4_096;

  /** Too many requests wait to be tokenised. */
  public static final Refusal BUSY =
      Refusal.of(ErrorCode.NO_CAPACITY, "the gateway is busy")
          .withRetryAfter(Duration.ofSeconds(1));

  private final Offers offers;
  private final PromptFormats formats;
  private final Documents documents;
  private final AuditFacts facts;
  private final InstantSource clock;
  private final LongSupplier seeds;
  private final long requestMsMax;
  private final TenantBreakers breakers;
  private final Shadows shadows;
  private final ShadowCopies copies;

  /**
   * @param documents what passages are looked for in
   * @param seeds draws the seed of requests that bring none
   * @param requestMsMax milliseconds that a request may take
   * @param breakers pauses tenants all of whose requests are refused
   * @param shadows runs copies of requests for models that are tried
   */
  public Intake(
      Offers offers,
      PromptFormats formats,
      Documents documents,
      AuditFacts facts,
      InstantSource clock,
      LongSupplier seeds,
      long requestMsMax,
      TenantBreakers breakers,
      Shadows shadows) {
    this.offers = offers;
    this.formats = formats;
    this.documents = documents;
    this.facts = facts;
    this.clock = clock;
    this.seeds = seeds;
    this.requestMsMax = requestMsMax;
    this.breakers = breakers;
    this.shadows = shadows;
    this.copies = new ShadowCopies(offers, formats, shadows, requestMsMax);
  }

  /** The same with audit facts that go elsewhere. */
  public Intake tellingTo(AuditFacts another) {
    return new Intake(
        offers, formats, documents, another, clock, seeds, requestMsMax, breakers, shadows);
  }

  /** What a tenant may use. */
  public Offers offers() {
    return offers;
  }

  /**
   * Whether a request of at most {@link #SHORT_BYTES_MAX} is accepted, or refused, without waiting
   * for a store or a disk, and without a search for personal data.
   */
  public boolean isShort(TenantProfile tenant, Asked asked) {
    return asked.retrieval().isEmpty()
        && tenant.privacy().mode() == PrivacyPolicy.Mode.OFF
        && offers.known(tenant, asked.model()).map(formats::inMemory).orElse(true);
  }

  /**
   * Checks a request to generate, and leaves an audit fact where it is refused.
   *
   * @throws RefusedException where it is refused
   */
  public Generation accept(RequestId id, Identity identity, String sourceIp, Asked asked) {
    return accept(Operation.GENERATE, id, identity, sourceIp, List.of(asked)).getFirst();
  }

  /**
   * Checks a request, whose inputs all count as one for the breakers, and leaves an audit fact
   * where one of them is refused.
   *
   * @param id of the request and its first input; the others have ids of their own
   * @throws RefusedException where an input is refused
   */
  public List<Generation> accept(
      Operation operation, RequestId id, Identity identity, String sourceIp, List<Asked> inputs) {
    Optional<Refusal> pause = breakers.enter(identity.tenant().id(), clock.millis());
    if (pause.isPresent()) {
      throw pause.get().asException(); // not recorded: a storm must not fill the audit log
    }
    List<Generation> generations = new ArrayList<>();
    for (Asked input : inputs) {
      RequestId own = generations.isEmpty() ? id : RequestId.random();
      generations.add(checked(operation, own, identity, sourceIp, input));
    }
    return generations;
  }

  private Generation checked(
      Operation operation, RequestId id, Identity identity, String sourceIp, Asked asked) {
    try {
      return generation(operation, id, identity, sourceIp, asked);
    } catch (RefusedException e) {
      breakers.refused(identity.tenant().id(), clock.millis(), e.refusal().retryAfter());
      refused(id, identity, sourceIp, operation.label(), e.refusal());
      offers
          .crossing(identity.tenant(), asked.model(), asked.adapter(), e.refusal())
          .ifPresent(what -> named(id, identity, sourceIp, e.refusal(), what));
      throw e;
    }
  }

  /**
   * Counts the tokens of an input.
   *
   * @throws RefusedException where the request is refused
   */
  public int count(Identity identity, Asked asked) {
    try {
      return counted(identity, asked);
    } catch (RefusedException e) {
      offers
          .crossing(identity.tenant(), asked.model(), asked.adapter(), e.refusal())
          .ifPresent(what -> named(RequestId.random(), identity, "-", e.refusal(), what));
      throw e;
    }
  }

  private int counted(Identity identity, Asked asked) {
    Checks.input(asked.input(), asked.names());
    ModelEntry model = offers.model(identity.tenant(), asked.model(), asked.names().model());
    Masking masking = masking(identity.tenant(), asked.input(), asked.names());
    return tokens(formats.of(model), masked(masking, asked.input())).length;
  }

  /**
   * Lets texts through that would be let through as an input of the tenant's.
   *
   * @throws RefusedException PERSONAL_DATA where its policy refuses what they hold
   */
  public void allow(TenantProfile tenant, List<String> texts, String parameter) {
    var unused = Masking.of(tenant.privacy(), texts, parameter);
  }

  /** Leaves an audit fact of a request that was refused before it became a generation. */
  public void refused(
      RequestId id, Identity identity, String sourceIp, String operation, Refusal refusal) {
    keep(
        fact(
            id,
            identity,
            sourceIp,
            operation,
            AuditFact.Severity.WARNING,
            refusal,
            refusal.parameter().map(p -> "field " + p).orElse("")));
  }

  /** Leaves an audit fact of what was done and is no generation. */
  public void done(
      RequestId id, Identity identity, String sourceIp, String operation, String detail) {
    keep(
        new AuditFact(
            Optional.of(id),
            identity.tenant().id().value(),
            identity.tenant().tier().label(),
            identity.actor(),
            sourceIp,
            operation,
            AuditFact.Severity.INFO,
            AuditFact.Outcome.COMPLETED,
            "",
            detail,
            Optional.empty()));
  }

  /** Leaves the CRITICAL fact of a caller that reached across a tenant's border. */
  public void crossed(
      RequestId id, Identity identity, String sourceIp, Refusal refusal, String what) {
    critical(id, identity, sourceIp, "isolation_violation", refusal, what);
  }

  /**
   * Leaves the CRITICAL fact of a caller that named what is another tenant's, and was answered as
   * if nobody had it. Only operators see such facts: the caller's own records, too, are those of a
   * name that nobody has.
   */
  public void named(
      RequestId id, Identity identity, String sourceIp, Refusal refusal, String what) {
    critical(id, identity, sourceIp, "hidden_violation", refusal, what);
  }

  private void critical(
      RequestId id,
      Identity identity,
      String sourceIp,
      String operation,
      Refusal refusal,
      String what) {
    keep(fact(id, identity, sourceIp, operation, AuditFact.Severity.CRITICAL, refusal, what));
  }

  private static AuditFact fact(
      RequestId id,
      Identity identity,
      String sourceIp,
      String operation,
      AuditFact.Severity severity,
      Refusal refusal,
      String detail) {
    return new AuditFact(
        Optional.of(id),
        identity.tenant().id().value(),
        identity.tenant().tier().label(),
        identity.actor(),
        sourceIp,
        operation,
        severity,
        AuditFact.Outcome.REFUSED,
        refusal.code().wireName(),
        detail,
        Optional.empty());
  }

  private void keep(AuditFact fact) {
    try {
      facts.record(fact);
    } catch (RefusedException e) {
      // What happened stays; the publisher counts what it could not keep.
    }
  }

  private Generation generation(
      Operation operation, RequestId id, Identity identity, String sourceIp, Asked original) {
    TenantProfile tenant = identity.tenant();
    Checks.input(original.input(), original.names());
    Checks.tuning(original.tuning(), original.names());
    ModelEntry named = offers.model(tenant, original.model(), original.names().model());
    Asked asked = spelled(original, formats.of(named));
    Supplier<byte[]> conversation = () -> hash(tenant, beginning(asked.input()));
    Optional<AdapterEntry> adapter =
        offers
            .adapter(tenant, named, asked.adapter(), asked.names().adapter())
            .map(a -> a.forConversation(conversation));
    ModelEntry model = offers.answering(operation, tenant, named, adapter, conversation);
    WorkloadClass workloadClass = workloadClass(tenant, asked.workloadClass());
    PromptFormat format = format(formats.of(model), asked);
    Sought sought = Sought.in(documents, tenant, asked);
    Masking masking = masking(tenant, sought.input(), asked.names());
    Asked.Input input = masked(masking, sought.input());
    int[] prompt = tokens(format, input);
    int outputMax =
        OutputBound.tokens(offers, operation, tenant, model, workloadClass, prompt.length, asked);
    Generation generation =
        new Generation(
            operation,
            id,
            identity,
            sourceIp,
            model,
            adapter,
            format,
            prompt,
            hash(tenant, asked.input()),
            sought.citations(),
            keeps(operation, tenant) ? messages(input) : List.of(),
            masking,
            sampling(asked.tuning()),
            outputMax,
            asked.tuning().stops().stream().map(masking::mask).toList(),
            workloadClass,
            Math.min(asked.deadlineEpochMs().orElse(Long.MAX_VALUE), clock.millis() + requestMsMax),
            operation == Operation.GENERATE && asked.retrieval().isEmpty()
                ? Questions.likeness(tenant, input, formats.of(model).continuing())
                : Optional.empty());
    copies.follow(generation, asked, input, conversation);
    return generation;
  }

  /**
   * Token ids as the text that they stand for, so that they are checked, masked and kept as any
   * other, and name no special token.
   */
  private static Asked spelled(Asked asked, PromptFormat format) {
    if (!(asked.input() instanceof Asked.Input.Tokens tokens)) {
      return asked;
    }
    String text =
        format
            .tokenizer()
            .plainText(tokens.ids())
            .orElseThrow(
                () ->
                    Checks.invalid(
                        asked.names().text(),
                        "has token ids that are no text's (expected: those that the model's"
                            + " tokenizer makes of a text, none of them special)"));
    Asked.Input.Text plain = new Asked.Input.Text(text);
    Checks.input(plain, asked.names());
    return asked.with(plain);
  }

  private static IllegalStateException unspelled() {
    return new IllegalStateException("token ids are text by now");
  }

  private Sampling sampling(Asked.Tuning tuning) {
    return new Sampling(
        (float) tuning.temperature().orElse(1),
        (float) Math.max(tuning.topP().orElse(1), Float.MIN_NORMAL),
        (int) tuning.topK().orElse(0),
        (float) tuning.minP().orElse(0),
        new Sampling.Penalties(
            (float) tuning.penalties().presence().orElse(0),
            (float) tuning.penalties().frequency().orElse(0),
            (float) tuning.penalties().repetition().orElse(1)),
        tuning.seed().isPresent() ? tuning.seed().getAsLong() : seeds.getAsLong(),
        tuning.topLogprobs().orElse(-1));
  }

  static PromptFormat format(PromptFormat model, Asked asked) {
    PromptFormat format = asked.tuning().ignoreEnd() ? model.endless() : model;
    return asked.input() instanceof Asked.Input.Text ? format.continuing() : format;
  }

  private static Masking masking(TenantProfile tenant, Asked.Input input, Asked.FieldNames names) {
    return switch (input) {
      case Asked.Input.Text text ->
          Masking.of(tenant.privacy(), List.of(text.text()), names.text());
      case Asked.Input.Conversation conversation ->
          Masking.of(
              tenant.privacy(),
              conversation.messages().stream().map(ChatMessage::content).toList(),
              names.messages());
      case Asked.Input.Tokens unused -> throw unspelled();
      case Asked.Input.Missing unused -> Masking.NONE;
    };
  }

  /** What every turn of a conversation begins with: all up to the first question. */
  static Asked.Input beginning(Asked.Input input) {
    if (input instanceof Asked.Input.Conversation conversation) {
      List<ChatMessage> messages = conversation.messages();
      int length = 0;
      while (length < messages.size() && !messages.get(length++).role().equals("user")) {}
      return new Asked.Input.Conversation(messages.subList(0, length));
    }
    return input;
  }

  private static Asked.Input masked(Masking masking, Asked.Input input) {
    return switch (input) {
      case Asked.Input.Text text -> new Asked.Input.Text(masking.mask(text.text()));
      case Asked.Input.Conversation conversation ->
          new Asked.Input.Conversation(
              conversation.messages().stream()
                  .map(message -> new ChatMessage(message.role(), masking.mask(message.content())))
                  .toList());
      case Asked.Input.Tokens unused -> throw unspelled();
      case Asked.Input.Missing missing -> missing;
    };
  }

  private static boolean keeps(Operation operation, TenantProfile tenant) {
    return operation == Operation.GENERATE && tenant.promptStorageSeconds() > 0;
  }

  private static List<ChatMessage> messages(Asked.Input input) {
    return switch (input) {
      case Asked.Input.Text text -> List.of(new ChatMessage("", text.text()));
      case Asked.Input.Conversation conversation -> conversation.messages();
      case Asked.Input.Tokens unused -> throw unspelled();
      case Asked.Input.Missing unused -> List.of();
    };
  }

  static int[] tokens(PromptFormat format, Asked.Input input) {
    return switch (input) {
      case Asked.Input.Text text -> format.ofText(text.text());
      case Asked.Input.Conversation conversation -> format.ofChat(conversation.messages());
      case Asked.Input.Tokens unused -> throw unspelled();
      case Asked.Input.Missing unused -> new int[0];
    };
  }

  private static WorkloadClass workloadClass(TenantProfile tenant, Optional<WorkloadClass> asked) {
    WorkloadClass wanted =
        asked.orElseGet(
            () ->
                tenant.workloadClassesAllowed().contains(WorkloadClass.INTERACTIVE)
                    ? WorkloadClass.INTERACTIVE
                    : tenant.workloadClassesAllowed().stream()
                        .min(java.util.Comparator.naturalOrder())
                        .orElse(WorkloadClass.INTERACTIVE));
    if (!tenant.workloadClassesAllowed().contains(wanted)) {
      throw Refusal.ofParameter(
              ErrorCode.NOT_ALLOWED,
              "workload_class",
              "the tenant may not use the class " + wanted.label())
          .asException();
    }
    return wanted;
  }

  /** Text, or each message's role and content, each ended by a zero byte. */
  private byte[] hash(TenantProfile tenant, Asked.Input input) {
    ContentHash hash = facts.contentHash(tenant.id());
    switch (input) {
      case Asked.Input.Text text -> add(hash, text.text());
      case Asked.Input.Conversation conversation -> {
        for (ChatMessage message : conversation.messages()) {
          add(hash, message.role() + "\0");
          add(hash, message.content() + "\0");
        }
      }
      case Asked.Input.Tokens unused -> throw unspelled();
      case Asked.Input.Missing unused -> {
        // Nothing was asked, nothing is hashed.
      }
    }
    return hash.digest();
  }

  private static void add(ContentHash hash, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    hash.update(bytes, 0, bytes.length);
  }
}
