"""What a deployment of the products API is made of: settings by environment, and their composition."""
