package dev.cofferdam.gateway.ingress;

import static org.assertj.core.api.Assertions.assertThat;

import dev.cofferdam.gateway.dispatch.Samples;
import dev.cofferdam.gateway.tenancy.AdapterEntry;
import dev.cofferdam.gateway.tenancy.Catalog;
import dev.cofferdam.gateway.tenancy.ModelEntry;
import dev.cofferdam.vocabulary.Operation;
import dev.cofferdam.vocabulary.TenantId;
import dev.cofferdam.vocabulary.TenantProfile;
import dev.cofferdam.vocabulary.Tier;
import dev.cofferdam.vocabulary.WorkloadClass;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;

class ModelShiftTest {
  private static final ModelEntry OLD = Samples.MODEL;
  private static final ModelEntry NEXT = new ModelEntry("next", "next", "", 8_192, 0, false, 1);
  private static final AdapterEntry ADAPTER =
      new AdapterEntry(new TenantId("acme"), "voice", OLD.id(), "a".repeat(64));

  private final TenantProfile tenant = Samples.identity(Tier.STANDARD).tenant();
  private final Shifted catalog = new Shifted();
  private final Offers offers = new Offers(catalog);

  private boolean moves(Operation operation, Optional<AdapterEntry> adapter, int conversation) {
    byte[] digest = ByteBuffer.allocate(32).putInt(conversation).array();
    ModelEntry answering = offers.answering(operation, tenant, OLD, adapter, () -> digest);
    return answering.equals(NEXT);
  }

  private Set<Integer> moved(double share) {
    catalog.share = share;
    Set<Integer> moved = new HashSet<>();
    for (int i = 0; i < 1_000; i++) {
      if (moves(Operation.GENERATE, Optional.empty(), i)) {
        moved.add(i);
      }
    }
    return moved;
  }

  @Test
  void aGrowingShareOfConversationsMovesAndNoneMovesBack() {
    Set<Integer> few = moved(0.1);
    assertThat(few).hasSizeBetween(60, 140);
    assertThat(moved(0.5)).hasSizeBetween(430, 570).containsAll(few);
    assertThat(moved(1)).hasSize(1_000);
    assertThat(moved(0)).isEmpty();
  }

  @Test
  void requestsWithAnAdapterEmbeddingsAndShadowsStay() {
    catalog.share = 1;
    assertThat(moves(Operation.GENERATE, Optional.empty(), 1)).isTrue();
    assertThat(moves(Operation.GENERATE, Optional.of(ADAPTER), 1)).isFalse();
    assertThat(moves(Operation.EMBED, Optional.empty(), 1)).isFalse();
    assertThat(moves(Operation.SHADOW, Optional.empty(), 1)).isFalse();
  }

  private static final class Shifted implements Catalog {
    private double share;

    @Override
    public Optional<Shadow> shift(ModelEntry model) {
      return model.equals(OLD) ? Optional.of(new Shadow(NEXT, share)) : Optional.empty();
    }

    @Override
    public Optional<ModelEntry> model(String id) {
      return models().stream().filter(m -> m.id().equals(id)).findFirst();
    }

    @Override
    public List<ModelEntry> models() {
      return List.of(NEXT, OLD);
    }

    @Override
    public Optional<AdapterEntry> adapter(TenantId owner, String name) {
      return Optional.empty();
    }

    @Override
    public List<AdapterEntry> adapters(TenantId owner) {
      return List.of();
    }

    @Override
    public boolean isAnothersAdapter(TenantId owner, String name) {
      return false;
    }

    @Override
    public OptionalInt poolContextTokensMax(
        TenantProfile profile, ModelEntry model, WorkloadClass workloadClass) {
      return OptionalInt.empty();
    }

    @Override
    public boolean served(TenantProfile profile, ModelEntry model, WorkloadClass workloadClass) {
      return true;
    }

    @Override
    public Optional<ModelEntry> defaultModel(TenantProfile profile) {
      return Optional.of(OLD);
    }
  }
}
