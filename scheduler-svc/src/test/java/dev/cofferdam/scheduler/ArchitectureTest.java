package dev.cofferdam.scheduler;

import dev.cofferdam.mesh.HouseRules;
import org.junit.jupiter.api.Test;

class ArchitectureTest {
  @Test
  void theRulesOfTheHouseHold() {
    HouseRules.check("dev.cofferdam.scheduler");
  }
}
