package dev.cofferdam.local.admin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.cofferdam.proto.admin.v1.Tenant;
import dev.cofferdam.proto.inference.v1.WorkloadClass;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FieldTextTest {
  private final Tenant.Builder tenant = Tenant.newBuilder().setId("acme");

  @Test
  void fieldsListsAndFieldsOfFieldsAreSet() {
    set("limits.tokens_per_minute", "5000000000");
    set("workload_classes_allowed", "batch, standard");
    set("throttle_share", "0.5");
    set("privacy.kinds", "ip_address");

    assertThat(FieldText.flat(tenant.build()))
        .containsEntry("limits.tokens_per_minute", "5000000000")
        .containsEntry("workload_classes_allowed", "[batch, standard]")
        .containsEntry("throttle_share", "0.5")
        .containsEntry("privacy.kinds", "[ip_address]");
    assertThat(tenant.getWorkloadClassesAllowed(0)).isEqualTo(WorkloadClass.WORKLOAD_CLASS_BATCH);
  }

  @Test
  void anEmptyTextClears() {
    set("limits.priority", "3");
    set("models_allowed", "a,b");
    set("limits.priority", "");
    set("models_allowed", "");

    assertThat(tenant.getLimits().hasPriority()).isFalse();
    assertThat(tenant.getModelsAllowedList()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "tier, gold",
    "tier, unspecified",
    "limits, 5",
    "limits.priority, high",
    "limits.priority.x, 1",
    "client_certificate_required, yes",
    "revision, 7",
    "id, other",
    "nothing, 1",
  })
  void whatIsNoFieldOrNoValueIsRefusedByName(String path, String text) {
    assertThatThrownBy(() -> set(path, text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith(path.split("[.]")[0]);
  }

  private void set(String path, String text) {
    FieldText.set(tenant, RecordKind.TENANT.declared(), path, text);
  }
}
