"""What is computed from recipes. Takes data frames; knows no database and no storage."""
