"""What a pickle would hold (`explain`) and what one holds (`inspect`)."""
